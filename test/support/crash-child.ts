// Runs one command line and kills itself, as kill -9 or the OOM killer would, before or after the N-th time a durable
// step is carried out. `crash-child.js STEP MOMENT OCCURRENCE ARGV...`; with STEP `count` it only counts.
import { main } from '../../src/cli';
import { tuneStores } from '../../src/store/store-tuning';
import { type DurableStep, observeDurableSteps } from '../../src/support/durable-step';

// An archive of some hundred kilobytes goes up in several parts.
tuneStores({ partBytes: 64 * 1024, blockBytes: 64 * 1024 });

const HEARTBEAT_MS = 20_000;
const [step, moment, occurrence, ...argv] = process.argv.slice(2);
const counts: Partial<Record<DurableStep, number>> = {};

// Time is faked: a lock is renewed every 20 s and no run here lasts that long.
const realSetInterval = globalThis.setInterval;
Object.assign(globalThis, {
  setInterval: (act: () => void, ms: number) => realSetInterval(act, ms === HEARTBEAT_MS ? 1 : ms),
});

// Heartbeats overlap: a step may begin again before it ended, so both moments have their own count.
const passed = { before: counts, after: {} as typeof counts };
observeDurableSteps((current, now) => {
  const count = (passed[now][current] ?? 0) + 1;
  passed[now][current] = count;
  if (current === step && now === moment && count === Number(occurrence)) process.kill(process.pid, 'SIGKILL');
});

void main(argv).then((status) => {
  process.exitCode = status;
  process.send?.(counts);
});
