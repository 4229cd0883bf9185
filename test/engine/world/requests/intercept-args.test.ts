import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { order } from '../../../daemon/harness.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

describe('intercept says why a tool call is refused', () => {
  const world = suiteWorld({
    policy: (spec) => {
      spec.intercept.allow = {
        send_note: {
          type: 'object',
          properties: { text: { type: 'string' } },
          required: ['text'],
          additionalProperties: false,
        },
      };
    },
  });

  const reasonOf = async (tool: string, args: object) => {
    const { status, body } = await world.intercept(tool, args);
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.decision.decision, 'BLOCK', `${tool} is refused`);
    const [reason] = body.decision.reasons;
    assert.equal(reason?.code, 'SCOPE_TOOL', 'the code of the contract');
    return reason;
  };

  it('names the violation of a tool of ours', async () => {
    const reason = await reasonOf('place_order', order({ side: 'sideways-secret' }));
    assert.match(reason?.message ?? '', /^The arguments do not fit the schema of this tool: side: /);
    assert.ok(!JSON.stringify(reason).includes('sideways-secret'), 'what the agent wrote is not repeated');
  });

  it('names the violation of a tool that is allowed by name [PK-69]', async () => {
    const reason = await reasonOf('send_note', { text: 5 });
    assert.match(reason?.message ?? '', /^The arguments do not fit the schema of this tool: text: /);
    assert.equal((await world.intercept('send_note', { text: 'hello' })).body.decision.decision, 'ALLOW', 'it fits');
  });

  it('allows a tool of intercept.allow with arguments that fit its schema [PK-69]', async () => {
    const { body } = await world.intercept('send_note', { text: 'hello' });
    assert.deepEqual([body.decision.decision, body.decision.reasons], ['ALLOW', []]);
  });
  it('bounds what is recorded of names that an agent chose', async () => {
    const reason = await reasonOf('send_note', { text: 'x', ['k'.repeat(5_000)]: 1 });
    assert.ok((reason?.message.length ?? 0) < 300, `${reason?.message.length} characters`);
  });

  it('still says of other tools that they are not in scope [PK-69]', async () => {
    for (const tool of ['send_email', 'constructor', 'toString'])
      assert.equal((await reasonOf(tool, {}))?.message, 'This tool is not in the policy scope.', tool);
  });
});
