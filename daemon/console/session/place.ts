/**
 * This page came through a proxy with TLS, to a phone: it signs in by passkey alone, and of the acts it has those that
 * docs/phone.md names.
 */
export const isRemote = (): boolean => location.protocol === 'https:';

/** Whether a passkey that was made on a page of this origin is one of this page. Its port does not matter to browsers. */
export const isOfThisPage = (origin: string): boolean => new URL(origin).hostname === location.hostname;
