import { openRemovePasskey } from '../../acts/acts.ts';
import { clock } from '../../format.ts';
import { Empty, Panel, Pill, Table } from '../../parts.tsx';
import { isEnrolling } from '../../session/enrol.tsx';
import { isOfThisPage, isRemote } from '../../session/place.ts';
import { hasPasskeys } from '../../session/webauthn.ts';
import { passkeys } from '../../state/store.ts';

/** Who may sign, since when, and when last. */
export function PasskeysPanel() {
  const { passkeys: known = [] } = passkeys.value ?? {};
  return (
    <Panel
      title="Passkeys"
      name="passkeys"
      note={known.length === 1 ? 'one' : known.length}
      actions={
        isRemote() ? (
          'enrolled at the machine'
        ) : hasPasskeys ? (
          <button
            type="button"
            onClick={() => {
              isEnrolling.value = true;
            }}
          >
            Enrol…
          </button>
        ) : (
          'only under http://localhost'
        )
      }
    >
      {known.length === 0 ? (
        <Empty>
          {passkeys.value?.enrolment === 'recovery'
            ? 'None is left: ./holdfast passkey recover.'
            : 'No passkey is enrolled; acts ask for the operator token.'}
        </Empty>
      ) : (
        <Table label="Passkeys" head={['Name', 'At', 'State', 'Enrolled', 'Used last', 'Act']}>
          {known.map((key) => (
            <tr key={key.id}>
              <td>{key.name}</td>
              <td>{isOfThisPage(key.origin) ? 'here' : new URL(key.origin).host}</td>
              <td>
                {key.state === 'in_force' ? (
                  <Pill kind="active">in force</Pill>
                ) : (
                  <Pill kind="reducing">from {clock(key.effective_at_ms)}</Pill>
                )}
              </td>
              <td>{clock(key.added_at_ms)}</td>
              <td>{key.last_used_at_ms === null ? 'never' : clock(key.last_used_at_ms)}</td>
              <td>
                {isRemote() ? (
                  '–'
                ) : (
                  <button type="button" onClick={() => openRemovePasskey(key)}>
                    Remove<span class="hidden"> passkey {key.name}</span>
                  </button>
                )}
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
}
