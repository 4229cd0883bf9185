/** Types of node-line.mjs, which is plain JavaScript so that an old Node can read it. */
export interface NodePin {
  readonly name: string;
  readonly version: string;
  readonly integrity: string;
}
export const OLDEST_NODE: string;
export const RECOMMENDED_MAJOR: string;
export const CACHE: string;
export function isSupportedNode(version: string): boolean;
export function platformName(): string;
export function findPin(major: string, platform?: string): NodePin | null;
export function pinnedBinary(root: string, pin: NodePin): string;
export function bringNode(
  root: string,
  options?: { readonly major?: string; readonly platform?: string; readonly say?: (pin: NodePin) => void },
): string;
