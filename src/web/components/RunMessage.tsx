import type { RunFact } from '../../rules/reasons/run.ts'
import { runMessage } from '../../rules/reasons/run-message.ts'
import { useWords } from '../language.ts'

/** What a run says of itself; what cannot be said in the language of the page says that it is English. */
export function RunMessage({
  message,
  facts,
  className,
}: {
  message: string
  facts: readonly RunFact[] | null
  className?: string
}) {
  const { language } = useWords()
  const said = runMessage(language, message, facts)
  return (
    <span className={className} title={said.text} lang={said.language}>
      {said.text}
    </span>
  )
}
