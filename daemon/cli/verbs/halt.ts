import type { Command } from 'commander';
import { addStateVerb } from '../set-state.ts';
import type { Io } from '../verb.ts';

export function addHalt(program: Command, io: Io): void {
  const text = {
    usage: 'halt',
    summary:
      'Halt trading: opening orders are canceled, agents may only cancel; operator exits and protective stops remain',
    examples: ['halt --reason "strange orders"', 'halt --agent momentum', 'halt --symbol ETHUSDT'],
  };
  addStateVerb(program, io, text, 'halted');
}
