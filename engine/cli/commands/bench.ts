/** `weir bench`: a synthetic graph through the same path as `run`. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Argument, type Command } from 'commander';
import { EXIT, print, printJson } from '../output.ts';
import { runSession, wentWell } from '../run-session.ts';
import { syntheticGraph, SHAPES, type Shape } from '../synthetic.ts';
import { rmodeName, wholeNumber } from '../values.ts';
import { withHost } from '../with-host.ts';

interface Options {
  readonly json?: boolean;
  readonly drops: number;
  readonly rmode: string;
  readonly dataDir?: string;
}

export function benchCommand(program: Command): void {
  program
    .command('bench')
    .addArgument(new Argument('<shape>', 'shape of the graph').choices(SHAPES))
    .description('run a synthetic graph the way `run` does and say how fast it went')
    .option('--drops <n>', 'number of drops', wholeNumber, 10_000)
    .option('--rmode <mode>', 'reproducibility mode', rmodeName, 'NOTHING')
    .option('--data-dir <dir>', 'folder of the history (default: a temporary one)')
    .option('--json', 'print one JSON document')
    .action(async (shape: Shape, options: Options) => {
      const where = options.dataDir === undefined ? { ephemeral: true } : { dataDir: options.dataDir };
      const document = await withHost(where, async (host, interrupted) => {
        const bytes = await syntheticGraph(shape, options.drops);
        const before = process.memoryUsage().rss;
        const started = performance.now();
        const used = process.cpuUsage();
        const delay = monitorEventLoopDelay({ resolution: 5 });
        delay.enable();
        const result = await runSession(
          host,
          { bytes, name: `${shape}-${options.drops}`, origin: 'bench' },
          { rmode: options.rmode, quiet: true },
          interrupted,
        );
        delay.disable();
        const peakRssBytes = process.resourceUsage().maxRSS * 1024;
        // What follows the session's end: the seal and, with an R-mode, reprodata.out.
        await host.manager.find(result.sessionId)?.recorded();
        const recordedMs = performance.now() - started;
        const timings: Readonly<Record<string, number | null>> = { ...result.timings, recordedMs };
        const wallMs = timings['wallMs'] as number;
        return {
          shape,
          drops: result.drops.total,
          status: result.status,
          timings,
          userSeconds: process.cpuUsage(used).user / 1e6,
          dropsPerSecond: Math.round((result.drops.total / wallMs) * 1000),
          peakRssBytes,
          emptyHostRssBytes: before,
          eventLoopDelayMs: { p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 },
          ok: wentWell(result),
        };
      });
      if (options.json) printJson(document);
      else
        print(
          `${document.shape} ${document.drops} drops: ${document.dropsPerSecond} drops/s, ${(document.timings['wallMs'] as number).toFixed(0)} ms, ${document.status}`,
        );
      process.exitCode = document.ok ? EXIT.ok : EXIT.failed;
    });
}
