/** Whether the answers about one dataset are about the same rows. */

/** How one identity shows in the answers; undefined for an answer that was not asked for or says nothing of it. */
export interface IdentityEvidence {
  /** In the answer that gives the positions. */
  positions?: boolean | undefined
  times?: boolean | undefined
  verticals?: boolean | undefined
  counts?: boolean | undefined
  /** How many of its times and depths are not missing, where the server counted. */
  counted?: { time: number | null; vertical: number | null } | undefined
}

const answerNames = ['positions', 'times', 'verticals', 'counts'] as const
export type AnswerName = (typeof answerNames)[number]

/**
 * The answers that lack an identity which another has; none where they agree. An identity without a time, or without
 * a depth, is rightly missing from that extent: then its count of them is 0.
 */
export function lackingAnswers(evidence: IdentityEvidence): AnswerName[] {
  const { counted } = evidence
  return answerNames.filter((name) => {
    if (evidence[name] !== false) return false
    if (name === 'times') return counted?.time !== 0
    // Where nothing is known of how many depths there are, all of them may be missing.
    if (name === 'verticals') return (counted?.vertical ?? 0) > 0
    return true
  })
}
