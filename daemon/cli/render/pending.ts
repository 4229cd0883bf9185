/** Why what waits cannot be accepted now. */
export const FILE_DIFFERS = {
  policy: 'the policy file holds something else by now: it can be accepted once the file holds it again',
  routes: 'the file of alert routes cannot be used by now: they can be accepted once it holds them again',
} as const;
