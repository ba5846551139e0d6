import { useWords } from '../language.ts'
import { runMessage } from '../model/runMessage.ts'

/** What a run says of itself; what cannot be said in the language of the page says that it is English. */
export function RunMessage({ message, className }: { message: string; className?: string }) {
  const { language } = useWords()
  const said = runMessage(language, message)
  return (
    <span className={className} title={said.text} lang={said.language}>
      {said.text}
    </span>
  )
}
