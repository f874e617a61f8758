/** The door of the api room: the contract, what answers it, and the HTTP server that carries it. */
export { listCheckpoints, proveBetween, type CheckpointRef, type LogCheckpoint } from './checkpoints.ts';
export { exportBundle, importBundle, verifyBundle, type Imported } from './bundles.ts';
export { compareStored, sessionSide } from './comparison.ts';
export * from './contract.ts';
export type { FoundDrop, LineageDrop, RecordView, RetentionRule } from './history-contract.ts';
export type { ApiDeps, GraphFile, Samples, Settings, TranslationChoices, TranslationWork } from './deps.ts';
export {
  CONTENT_SECURITY_POLICY,
  HttpServer,
  startTranslator,
  wireError,
  type HttpOptions,
} from './http-server.ts';
export { content, launch, newSessionId } from './methods.ts';
export { managerNodes } from './manager-nodes.ts';
export { readBody, unpacked } from './request-body.ts';
export { proveStored } from './proofs.ts';
export { prepareRerun, rerunId, type Rerun } from './rerun.ts';
export { ApiService } from './service.ts';
export { readRules, StandingRules } from './standing-rules.ts';
export { endedSession } from './stored-session.ts';
export { TranslatorFiles } from './translator-files.ts';
export type { Problem, Verdict, VerdictNote } from './verdict.ts';
export { verifyLog } from './log-verification.ts';
export { verifyHistory, verifyStored } from './verification.ts';
