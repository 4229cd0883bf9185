import type { Command } from 'commander';
import { addStateVerb } from '../set-state.ts';
import type { Io } from '../verb.ts';

export function addResume(program: Command, io: Io): void {
  const text = {
    usage: 'resume',
    summary: "Lift what `halt` or `reduce` set, and a breaker there; on binance-live only after the policy's delay",
    examples: ['resume --reason "looked into it"', 'resume --agent momentum'],
  };
  addStateVerb(program, io, text, 'active');
}
