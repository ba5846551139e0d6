import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { apiUrl, type RunAnswer, type RunAttemptRow, type RunDetailRow } from '../api.ts'
import { applyEvent, type Progress, type RunEvent } from '../model/liveRun.ts'

export interface Live {
  progress: Progress | null
  /** Whether events arrive at this moment. */
  connected: boolean
  lost: boolean
}

const unheard: Live = { progress: null, connected: false, lost: false }
/** How long is waited before the stream is opened anew: the browser gives up for good on an answer that is an error. */
const reopenMs = 3000
/** Meanwhile the run is asked for as a whole. */
const pollMs = 5000

/** Follows the events of a run that has not ended, and puts what they tell into what is shown. */
export function useLiveRun(id: string, answer: RunAnswer | undefined): Live {
  const queries = useQueryClient()
  const [live, setLive] = useState<Live>(unheard)
  const running = answer !== undefined && (answer.run.status === 'running' || answer.run.status === 'queued')
  useEffect(() => {
    if (!running) return
    let events: EventSource | undefined
    let reopen: ReturnType<typeof setTimeout> | undefined
    let poll: ReturnType<typeof setInterval> | undefined
    const take = (event: RunEvent) =>
      queries.setQueryData<RunAnswer>(['run', id], (before) => before && applyEvent(before, event))
    const refresh = () => void queries.invalidateQueries({ queryKey: ['run', id] })
    const heard = () => {
      clearInterval(poll)
      poll = undefined
    }
    const open = () => {
      events = new EventSource(apiUrl(`api/harvest/runs/${encodeURIComponent(id)}/events`))
      events.addEventListener('open', () => {
        heard()
        setLive((before) => ({ ...before, connected: true, lost: false }))
      })
      events.addEventListener('run', (message) => {
        const { run, progress } = JSON.parse(message.data) as { run: RunDetailRow; progress: Progress }
        take({ type: 'run', run, progress })
        setLive({ progress, connected: true, lost: false })
      })
      events.addEventListener('attempts', (message) => {
        take({ type: 'attempts', attempts: JSON.parse(message.data) as RunAttemptRow[] })
      })
      events.addEventListener('end', () => {
        events?.close()
        setLive(unheard)
        refresh()
        for (const key of ['runs', 'servers', 'datasets', 'index', 'reasons'])
          void queries.invalidateQueries({ queryKey: [key] })
      })
      events.addEventListener('error', () => {
        setLive((before) => ({ ...before, connected: false, lost: true }))
        poll ??= setInterval(refresh, pollMs)
        if (events?.readyState !== EventSource.CLOSED) return
        clearTimeout(reopen)
        reopen = setTimeout(open, reopenMs)
      })
    }
    open()
    return () => {
      events?.close()
      clearTimeout(reopen)
      heard()
    }
  }, [id, running, queries])
  return live
}
