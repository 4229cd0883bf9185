import type { TokenApi } from '../../daemon/contract/types/gate-api.ts';
import type { TokenBody } from '../../daemon/contract/types/tokens.ts';

export const TOKEN: TokenBody = {
  id: `tok_${'0'.repeat(16)}`,
  role: 'agent',
  name: 'momentum',
  agent: 'momentum',
  skill_sha256: null,
  created_at_ms: 1,
  expires_at_ms: 2,
  revoked_at_ms: null,
  is_live: true,
  is_own: false,
};

/** One token. */
export function createFakeTokens(): TokenApi {
  return {
    getTokens: () => ({ tokens: [TOKEN] }),
    createToken: async () => ({ token: TOKEN, secret: 'hf_made' }),
    revokeToken: async (_actor, id) => (id === TOKEN.id ? TOKEN : null),
  };
}
