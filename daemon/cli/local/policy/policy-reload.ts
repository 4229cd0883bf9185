import { type Command, InvalidArgumentError } from 'commander';
import type { ReloadBody } from '../../../contract/types/policy.ts';
import { EXIT } from '../../exit-codes.ts';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io, printJson } from '../../verb.ts';

export function addPolicyReload(policy: Command, io: Io): void {
  const verb = addVerb(policy, {
    usage: 'reload',
    summary: 'Accept the pending, looser policy by its hash; without a hash, say what is pending',
    examples: ['policy reload', `policy reload ${'0123456789abcdef'.repeat(4)}`],
  });
  addConnectionOptions(verb)
    .argument('[hash]', 'hash of the pending policy, from `status`', parseHash)
    .action(async (hash: string | undefined, options: ConnectionOptions) => {
      const { withClient } = await import('../../client/client.ts');
      const body = await withClient(io, options, 'operator', (client) =>
        client.post<ReloadBody>('/v1/policy/reload', hash === undefined ? {} : { hash }),
      );
      if (options.json === true) printJson(io, body);
      else io.out(await describe(body));
      io.exit(body.status === 'pending' && hash !== undefined ? EXIT.REFUSED : EXIT.OK);
    });
}

/** The whole hash, so that an operator accepts exactly what they looked at. */
function parseHash(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  throw new InvalidArgumentError("A hash has 64 hex digits; `./holdfast status` shows the pending policy's.");
}

async function describe(body: ReloadBody): Promise<string> {
  const { formatInstant, plain } = await import('../../render/tables.ts');
  switch (body.status) {
    case 'in_force':
      return `policy ${body.hash} is in force\n`;
    case 'pending': {
      const looser = body.looser.map((key) => `  looser: ${plain(key)}\n`).join('');
      const from = body.not_before_ms === null ? '' : `not before ${formatInstant(body.not_before_ms)} UTC\n`;
      const how =
        body.quorum === undefined
          ? `accept it: ./holdfast policy reload ${body.hash}\n`
          : `accepted by ${body.accepted_by?.map(plain).join(', ') || 'nobody yet'}; ${body.quorum} passkeys must, in the console\n`;
      return `policy ${body.hash} waits for an operator\n${looser}${from}${how}`;
    }
  }
}
