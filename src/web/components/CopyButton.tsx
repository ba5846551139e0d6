import { useState } from 'react'
import { useWords } from '../language.ts'

/** Copies a text; says so for a moment. Without the browser's leave there is nothing to press. */
export function CopyButton({ text }: { text: string }) {
  const { t } = useWords()
  const [copied, setCopied] = useState(false)
  if (typeof navigator.clipboard === 'undefined') return null
  return (
    <button
      type="button"
      className="quiet"
      onClick={() => {
        navigator.clipboard.writeText(text).then(
          () => {
            setCopied(true)
            setTimeout(() => setCopied(false), 3000)
          },
          () => setCopied(false),
        )
      }}
    >
      <span aria-live="polite">{copied ? t('remedy.copied') : t('remedy.copy')}</span>
    </button>
  )
}
