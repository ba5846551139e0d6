import { adviceOf, titleOf } from '../../rules/reasons/index.ts'
import { showRemedy } from '../../rules/remedies/index.ts'
import type { Dataset } from '../api.ts'
import { useWords } from '../language.ts'
import { type Said, said, warningsOf } from '../model/told.ts'
import { en } from '../translations/en.ts'
import { CopyButton } from './CopyButton.tsx'
import { Icon } from './Icon.tsx'

/** The words for a reason code: what happened, and what an ERDDAP admin can do about it. */
export function useReason() {
  const { language } = useWords()
  return (code: string): { title: string; advice: string } => ({
    title: titleOf(language, code),
    advice: adviceOf(language, code),
  })
}

export function useHashReason() {
  const { t } = useWords()
  return (code: string): string => (`hash.${code}` in en ? t(`hash.${code}`) : t('hash.other', { code }))
}

type Told = Dataset['told']

/** What is said of an attempt, in the language of the page; the English sentence of an old one says that it is. */
export function Message({
  attempt,
  className = 'under clamp break',
}: {
  attempt: { error_message: string | null; told: Told }
  className?: string
}) {
  const { language } = useWords()
  const found: Said | null = said(attempt, language)
  if (found === null) return null
  return (
    <span className={className} title={found.text} lang={found.language}>
      {found.text}
    </span>
  )
}

/** Warnings of a dataset that is harvested all the same: they are no reason, but worth a look. */
export function Warnings({
  told,
  but,
}: {
  told: Told /** What was said already. */
  but?: string | undefined
}) {
  const { language } = useWords()
  const found = warningsOf(told, language).filter((text) => text !== but)
  if (found.length === 0) return null
  return (
    <ul className="warnings">
      {found.map((text) => (
        <li key={text} className="break">
          {text}
        </li>
      ))}
    </ul>
  )
}

/** Why a dataset is not harvested, and what is to be said of one that is. */
export function Why({
  attempt,
}: {
  attempt: { reason_code: string | null; error_message: string | null; told: Told }
}) {
  const reason = useReason()
  const { language } = useWords()
  const code = attempt.reason_code
  return (
    <>
      {code !== null && code !== 'UNCHANGED' && <span title={reason(code).advice}>{reason(code).title}</span>}
      <Message attempt={attempt} />
      <Warnings told={attempt.told} but={said(attempt, language)?.text} />
    </>
  )
}

/** What the owner could change: in words, as a piece of XML to copy, and where ERDDAP explains it. */
export function Remedies({ told }: { told: Told }) {
  const { t, language } = useWords()
  const shown = (told?.remedies ?? [])
    .map((remedy) => showRemedy(language, remedy))
    .filter((remedy) => remedy !== null)
  return shown.map((remedy) => (
    <div key={`${remedy.code} ${remedy.of}`} className="remedy">
      <p>{remedy.text}</p>
      <Change change={remedy.change} />
      {remedy.page !== null && (
        <p className="faint">
          <a href={remedy.page} rel="noreferrer" hrefLang="en">
            {t('remedy.page')} <Icon name="external" />
          </a>
        </p>
      )}
    </div>
  ))
}

export function Change({ change }: { change: string | null }) {
  const { t } = useWords()
  if (change === null) return null
  return (
    <div className="change">
      <p className="change-head">
        <span>{t('remedy.change')}</span>
        <CopyButton text={change} />
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <pre tabIndex={0}>
        <code>{change}</code>
      </pre>
    </div>
  )
}
