import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { ACCOUNT_NAME } from '../../../config/account.ts';
import { readEnv, readLedgerEnv } from '../../../config/config.ts';
import { profileOf } from '../../../core/venues.ts';
import { sayTarget } from '../../client/target.ts';
import { addVerb, type Io, placeFlags, printJson } from '../../verb.ts';

interface RecoverOptions {
  readonly home?: string;
  readonly venue?: string;
  readonly takeOver?: boolean;
  readonly json?: boolean;
}

export function addRecover(program: Command, io: Io): void {
  addVerb(program, {
    usage: 'recover',
    summary: "After a restore, declare this home's ledger the one of its account; the daemon must be stopped",
    examples: ['recover', 'recover --take-over', 'recover --venue binance-demo'],
  })
    .option('--home <dir>', 'home folder of the daemon (HOLDFAST_HOME)')
    .option('--venue <name>', 'whose ledger (HOLDFAST_VENUE, else paper)')
    .option('--take-over', 'give up another Holdfast ledger that traded this account')
    .action((options: RecoverOptions) => recover(io, options));
}

async function recover(io: Io, options: RecoverOptions): Promise<void> {
  const flags = placeFlags(options);
  readLedgerEnv(io.env, flags);
  const { config, secrets } = readEnv(io.env, flags);
  const { recoverHome } = await import('../../../boot/recover.ts');
  const takeOver = options.takeOver === true;
  const recovered = await recoverHome(config, secrets, { takeOver, setBy: userInfo().username });
  const target = { venue: config.venue, account: ACCOUNT_NAME, home: config.home, address: null };
  sayTarget(io, target);
  if (options.json === true) return printJson(io, { ...recovered, take_over: takeOver, target });
  const tokens = profileOf(config.venue).isSimulated
    ? 'the next start writes new ones'
    : '`./holdfast token create` creates new ones';
  io.out(
    [
      `epoch ${recovered.epoch} begins: new ids of orders and decisions carry it\n`,
      `${recovered.revoked_tokens} tokens are revoked; ${tokens}\n`,
      ...(recovered.removed_passkeys === 0
        ? []
        : [
            `${recovered.removed_passkeys} passkeys are removed; \`./holdfast passkey recover NAME\` enrols the first again\n`,
          ]),
      'the account starts halted: start the daemon, check `./holdfast status`, then run `./holdfast resume`\n',
    ].join(''),
  );
}
