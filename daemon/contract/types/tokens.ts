/** Access tokens, as entrances see them. */
import type { Body } from '../schema/agreement.ts';
import type * as body from '../tokens.ts';

export type TokenBody = Body<typeof body.TokenBodySchema>;
export type TokensBody = Body<typeof body.TokensBodySchema>;
/** `secret` is in this answer and nowhere else. */
export type TokenCreatedBody = Body<typeof body.TokenCreatedSchema>;
