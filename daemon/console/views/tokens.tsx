import type { TokenBody } from '../../contract/types/tokens.ts';
import { openRevokeToken } from '../acts/acts.ts';
import { clock } from '../format.ts';
import { Empty, Panel, Pill, showText, Table } from '../parts.tsx';
import { isCreatingToken } from '../session/new-token.tsx';
import { tokens } from '../state/store.ts';

/** Who may enter with what, and until when. Those that have ended are told of at the end. */
export function TokensPanel() {
  const known = tokens.value ?? [];
  const live = known.filter((token) => token.is_live);
  const ended = known.length - live.length;
  return (
    <Panel
      title="Tokens"
      name="tokens"
      note={`${live.length} live${ended === 0 ? '' : `, ${ended} ended`}`}
      actions={
        <button
          type="button"
          onClick={() => {
            isCreatingToken.value = true;
          }}
        >
          Create…
        </button>
      }
    >
      {live.length === 0 ? (
        <Empty>No token is live.</Empty>
      ) : (
        <Table label="Live tokens" head={['For', 'Valid', 'Act']}>
          {live.map((token) => (
            <TokenRow key={token.id} token={token} />
          ))}
        </Table>
      )}
    </Panel>
  );
}

function TokenRow({ token }: { readonly token: TokenBody }) {
  const { id, role, name, agent, skill_sha256: skill, is_own: isOwn } = token;
  return (
    <tr>
      <td>
        <Pill kind={role === 'operator' ? 'reducing' : 'plain'}>{role}</Pill> {showText(name)}
        <span class="below">
          {id}
          {agent === null || agent === name ? '' : `, agent ${agent}`}
          {skill === null ? '' : `, skill ${skill.slice(0, 12)}`}
          {isOwn ? ', this session' : ''}
        </span>
      </td>
      <td>
        {token.expires_at_ms === null ? 'without end' : `until ${clock(token.expires_at_ms)}`}
        <span class="below">since {clock(token.created_at_ms)}</span>
      </td>
      <td>
        <button type="button" onClick={() => openRevokeToken(token)}>
          Revoke<span class="hidden"> token {id}</span>
        </button>
      </td>
    </tr>
  );
}
