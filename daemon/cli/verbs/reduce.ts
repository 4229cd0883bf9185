import type { Command } from 'commander';
import { addStateVerb } from '../set-state.ts';
import type { Io } from '../verb.ts';

export function addReduce(program: Command, io: Io): void {
  const text = {
    usage: 'reduce',
    summary: 'Permit exits and cancels only; opening orders are canceled',
    examples: ['reduce --reason "over the weekend"', 'reduce --symbol ETHUSDT'],
  };
  addStateVerb(program, io, text, 'reducing');
}
