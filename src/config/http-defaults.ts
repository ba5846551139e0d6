/** What a source may cost in time and memory where nothing else is said: for the configuration, and for the client. */
export const httpDefaults = {
  connectSeconds: 10,
  headersSeconds: 120,
  idleSeconds: 120,
  /** Metadata and listings are far below; a body of this size in memory is still no danger. */
  answerMegabytes: 200,
} as const
