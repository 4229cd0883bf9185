import { copyFileSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { type Scenario, scenario } from './scenario.ts';
import { type DaemonProcess, LaunchError } from './site.ts';

/** Why a start was refused; null when it was not. */
async function refusal(daemon: DaemonProcess): Promise<string | null> {
  try {
    await daemon.launch();
    return null;
  } catch (error) {
    if (error instanceof LaunchError) return error.message;
    throw error;
  }
}

/** The ledger's files, as a backup of a stopped daemon copies them. */
function copyLedger(path: string, target: string): void {
  const folder = dirname(path);
  for (const name of readdirSync(folder))
    if (name.startsWith('ledger.db')) copyFileSync(join(folder, name), join(target, name));
}
function putBack(path: string, backup: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
  for (const name of readdirSync(backup)) copyFileSync(join(backup, name), join(dirname(path), name));
}
const backupFolder = (): string => mkdtempSync(join(tmpdir(), 'holdfast-backup-'));
const line = (text: string | null): string | null => text?.split('\n').find((one) => one.trim() !== '') ?? null;

const locked = scenario('ledger locked by another process', {}, async (trial, expectations) => {
  await trial.trade('before', 20);
  const { code, text } = await trial.daemon.verb('start', '--json');
  expectations.expect(code !== 0, 'a second process on the same home starts');
  expectations.facts.refusal = line(text);
  await trial.trade('after', 20);
  await trial.comeToRest();
});

const truncated = scenario('truncated ledger', {}, async (trial, expectations) => {
  await trial.trade('before', 20);
  const { daemon } = trial;
  // An orderly stop leaves all of it in the file itself.
  await daemon.kill('SIGTERM');
  const backup = backupFolder();
  copyLedger(daemon.ledgerPath, backup);
  truncateSync(daemon.ledgerPath, Math.floor(statSync(daemon.ledgerPath).size / 2 / 4096) * 4096);
  rmSync(`${daemon.ledgerPath}-wal`, { force: true });
  const refused = await refusal(daemon);
  const audit = refused === null ? null : await daemon.verb('audit', 'verify');
  if (refused === null) await daemon.kill();
  expectations.expect(refused !== null || audit?.code !== 0, 'half of a ledger is taken for a whole one');
  expectations.facts.refusal = line(refused);
  putBack(daemon.ledgerPath, backup);
  await daemon.start();
  await trial.trade('after', 20);
  await trial.comeToRest();
  rmSync(backup, { recursive: true });
});

const edited = scenario('edited ledger', {}, async (trial, expectations) => {
  await trial.trade('before', 20);
  const { daemon } = trial;
  await daemon.kill('SIGTERM');
  const backup = backupFolder();
  copyLedger(daemon.ledgerPath, backup);
  const db = new Database(daemon.ledgerPath);
  for (const { name } of db.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'").all() as {
    name: string;
  }[])
    db.exec(`DROP TRIGGER "${name}"`);
  const { changes } = db
    .prepare(
      `UPDATE events SET payload = replace(payload, '"status":"filled"', '"status":"rejected"') WHERE kind = 'order'`,
    )
    .run();
  db.close();
  expectations.expect(changes > 0, 'nothing was edited');
  const audit = await daemon.verb('audit', 'verify', '--json');
  expectations.expect(audit.code === 5, `audit verify of an edited ledger ends with ${audit.code}`);
  const refused = await refusal(daemon);
  if (refused === null) await daemon.kill();
  expectations.facts.refusal = line(refused);
  expectations.expect(refused !== null, 'a daemon starts on an edited ledger');
  putBack(daemon.ledgerPath, backup);
  await daemon.start();
  await trial.comeToRest();
  rmSync(backup, { recursive: true });
});

const restored = scenario('restored ledger', {}, async (trial, expectations) => {
  await trial.trade('before', 20);
  const { daemon } = trial;
  await daemon.kill('SIGTERM');
  const older = backupFolder();
  const newer = backupFolder();
  copyLedger(daemon.ledgerPath, older);
  await daemon.start();
  await trial.trade('between', 20);
  await trial.judgeNow();
  await daemon.kill('SIGTERM');
  copyLedger(daemon.ledgerPath, newer);
  putBack(daemon.ledgerPath, older);
  const refused = await refusal(daemon);
  if (refused === null) await daemon.kill();
  expectations.facts.refusal = line(refused);
  expectations.expect(refused !== null, 'a daemon starts on a ledger that is older than its orders');
  putBack(daemon.ledgerPath, newer);
  await daemon.start();
  await trial.comeToRest();
  for (const folder of [older, newer]) rmSync(folder, { recursive: true });
});

/** The ledger's file is not what the daemon left. */
export const LEDGER_SCENARIOS: readonly Scenario[] = [locked, truncated, edited, restored];
