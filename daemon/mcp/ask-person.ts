import {
  CLIENT_CAPABILITIES_META_KEY,
  type InputRequiredResult,
  inputRequired,
  type ServerContext,
} from '@modelcontextprotocol/server';

/** Parts of an answer in brief that say where a person approves. */
interface Awaiting {
  readonly decision_id?: string;
  readonly execution?: { readonly state?: string; readonly approval?: { readonly card?: string } };
}

/**
 * For a client that shows its user an address: the card of an order that a person must approve; null: nothing is asked.
 * RISK: the client's answer says nothing about an approval, and is not looked at: only the card, behind an operator's token
 * or passkey, approves.
 */
export function askPerson(body: unknown, { mcpReq }: ServerContext): InputRequiredResult | null {
  const { decision_id: id, execution } = body as Awaiting;
  const card = execution?.approval?.card;
  if (execution?.state !== 'awaiting_approval' || id === undefined || card === undefined) return null;
  // A path: no console is served.
  if (!URL.canParse(card) || !canOpen(mcpReq.envelope)) return null;
  const message = 'A person must approve this order. Nothing is sent before, and this dialog approves nothing.';
  return inputRequired({ inputRequests: { card: inputRequired.elicitUrl({ message, url: card }) }, requestState: id });
}

/** The decision that a repeated call is about; null: it is a new call. What a client writes here is no more than a name. */
export function askedBefore({ mcpReq }: ServerContext): string | null {
  const state: unknown = mcpReq.requestState?.();
  return typeof state === 'string' ? state : null;
}

function canOpen(envelope: object | undefined): boolean {
  const capabilities = (envelope as Readonly<Record<string, unknown>> | undefined)?.[CLIENT_CAPABILITIES_META_KEY];
  const { elicitation } = (capabilities ?? {}) as { readonly elicitation?: { readonly url?: unknown } };
  return elicitation?.url !== undefined;
}
