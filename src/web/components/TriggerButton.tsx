import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useId, useRef, useState } from 'react'
import { Link, useNavigate } from 'react-router'
import { ApiError, api } from '../api.ts'
import { useWords } from '../language.ts'
import { Icon } from './Icon.tsx'

/** The token lives here as long as the page is open, and nowhere else. */
let token = ''

const explained = [401, 403, 404, 409, 429, 503] as const

/** Starts a run of a source, or of all (null). Not shown where the server does not offer it. */
export function TriggerButton({ source, name }: { source: string | null; name: string }) {
  const { t } = useWords()
  const dialog = useRef<HTMLDialogElement>(null)
  const about = useQuery({ queryKey: ['about'], queryFn: api.about, staleTime: Number.POSITIVE_INFINITY })
  if (!about.data?.trigger_enabled) return null
  return (
    <>
      <button type="button" className="primary" onClick={() => dialog.current?.showModal()}>
        <Icon name="play" />
        {source === null ? t('trigger.openAll') : t('trigger.open')}
      </button>
      <TriggerDialog reference={dialog} source={source} name={name} />
    </>
  )
}

function TriggerDialog({
  reference,
  source,
  name,
}: {
  reference: React.RefObject<HTMLDialogElement | null>
  source: string | null
  name: string
}) {
  const { t } = useWords()
  const id = useId()
  const [secret, setSecret] = useState(token)
  const [force, setForce] = useState(false)
  const queries = useQueryClient()
  const navigate = useNavigate()
  const run = useMutation({
    mutationFn: () => api.trigger({ ...(source === null ? {} : { source }), force }, secret),
    onSuccess: ({ run_id }) => {
      token = secret
      void queries.invalidateQueries({ queryKey: ['runs'] })
      reference.current?.close()
      void navigate(`/harvest/run/${run_id}`)
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!run.isPending) run.mutate()
  }
  const close = () => {
    reference.current?.close()
    run.reset()
  }
  return (
    <dialog ref={reference} aria-labelledby={`${id}-title`} onClose={() => run.reset()}>
      <form onSubmit={submit}>
        <h2 id={`${id}-title`}>{t('trigger.title', { what: name })}</h2>
        <label htmlFor={`${id}-token`}>{t('trigger.token')}</label>
        <input
          id={`${id}-token`}
          type="password"
          autoComplete="off"
          required
          value={secret}
          aria-describedby={`${id}-hint`}
          onChange={(event) => setSecret(event.target.value)}
        />
        <p id={`${id}-hint`} className="faint">
          {t('trigger.token.hint')}
        </p>
        <label className="check">
          <input type="checkbox" checked={force} onChange={(event) => setForce(event.target.checked)} />
          {t('trigger.force')}
        </label>
        <div role="status" className="trigger-state">
          {run.error && (
            <p className="note error">
              {explain(t, run.error)}{' '}
              {run.error instanceof ApiError && run.error.runId !== null && (
                <Link to={`/harvest/run/${run.error.runId}`} onClick={close}>
                  {t('trigger.follow')}
                </Link>
              )}
            </p>
          )}
        </div>
        <div className="actions">
          <button type="button" onClick={close}>
            {t('trigger.close')}
          </button>
          <button type="submit" className="primary" disabled={run.isPending || secret === ''}>
            {t('trigger.start')}
          </button>
        </div>
      </form>
    </dialog>
  )
}

function explain(t: ReturnType<typeof useWords>['t'], error: Error): string {
  const status = error instanceof ApiError ? explained.find((code) => code === error.status) : undefined
  return status === undefined
    ? t('trigger.error.other', { message: error.message })
    : t(`trigger.error.${status}`)
}
