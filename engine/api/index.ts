/** The door of the api room: the contract, what answers it, and the HTTP server that carries it. */
export * from './contract.ts';
export type { ApiDeps, GraphFile, Samples, TranslationChoices, TranslationWork } from './deps.ts';
export { CONTENT_SECURITY_POLICY, startHttp, wireError, type HttpOptions } from './http-server.ts';
export { content, launch, newSessionId } from './methods.ts';
export { managerNodes } from './manager-nodes.ts';
export { readBody, unpacked } from './request-body.ts';
export { ApiService } from './service.ts';
