import { ORDER_STATUSES } from '../../engine/tables/status.ts';
import * as Type from '../built/typebox.js';
import * as field from '../fields.ts';
import { nullable } from '../nullable.ts';

/** Words that several bodies share. */

const { said } = field;
export const number = (description?: string) => Type.Number(said(description));
export const text = (description?: string) => Type.String(said(description));
export const flag = (description?: string) => Type.Boolean(said(description));
export const count = (description?: string) => Type.Integer({ minimum: 0, ...said(description) });
export const instant = (description?: string) => Type.Number(said(description, field.INSTANT_WORDS));
export const orNull = (description?: string) => nullable(number(description));
export const TRADING_STATES = ['active', 'reducing', 'halted'] as const;
export const tradingState = field.oneOf(
  TRADING_STATES,
  'active: everything the policy permits. reducing: exits and cancels. halted: cancels.',
);
export const orderStatus = field.oneOf(
  ORDER_STATUSES,
  'unknown: no conclusive answer from the exchange yet; do not send again.',
);
export const next = nullable(text('cursor of the next page; null on the last one.'));
/** Whose a symbol is, as an agent is told: never the name of another one. */
export const held = field.oneOf(
  ['yours', 'another', 'nobody', 'free'],
  'Whose the symbol is. another: or kept from you. nobody: an operator’s.',
);
export const holder = nullable(text('An agent; null: none.'));
