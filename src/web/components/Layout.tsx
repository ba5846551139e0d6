import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useEffect, useRef } from 'react'
import { Link, NavLink, useLocation, useSearchParams } from 'react-router'
import { api, apiUrl } from '../api.ts'
import { switchLanguage, useWords } from '../language.ts'
import { useTheme } from '../theme.ts'
import { Icon } from './Icon.tsx'

/** The frame of every page: header, content, footer; keyboard focus goes to the content when the page changes. */
export function Layout({ children }: { children: ReactNode }) {
  const { t, language } = useWords()
  const main = useRef<HTMLElement>(null)
  const { pathname } = useLocation()
  const first = useRef(true)

  // biome-ignore lint/correctness/useExhaustiveDependencies: the effect is about the change of page
  useEffect(() => {
    if (first.current) {
      first.current = false
      return
    }
    window.scrollTo(0, 0)
    main.current?.focus({ preventScroll: true })
  }, [pathname])

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  return (
    <>
      <button type="button" className="skip" onClick={() => main.current?.focus()}>
        {t('app.skip')}
      </button>
      <Header />
      <main ref={main} tabIndex={-1} id="content" lang={language}>
        {children}
      </main>
      <footer className="foot">
        <p>{t('app.footer', { zone })}</p>
        <Version />
      </footer>
    </>
  )
}

function Header() {
  const { t, language } = useWords()
  return (
    <header className="top">
      <div className="top-inner">
        <Link to="/harvest" className="brand">
          <Icon name="waves" />
          <span>{t('app.name')}</span>
        </Link>
        <nav aria-label={t('app.nav')}>
          <NavLink to="/harvest" end>
            {t('nav.overview')}
          </NavLink>
          <NavLink to="/harvest/map">{t('nav.map')}</NavLink>
          <a href={apiUrl(`api/docs?lang=${language}`)}>{t('nav.api')}</a>
        </nav>
        <div className="top-tools">
          <LanguageButton />
          <ThemeButton />
        </div>
      </div>
    </header>
  )
}

function LanguageButton() {
  const { t, language } = useWords()
  const [search, setSearch] = useSearchParams()
  const other = language === 'en' ? 'fr' : 'en'
  return (
    <button
      type="button"
      className="quiet"
      lang={other}
      onClick={() => {
        switchLanguage(other)
        if (search.has('lang')) {
          const next = new URLSearchParams(search)
          next.set('lang', other)
          setSearch(next, { replace: true })
        }
      }}
    >
      {t('language.switch')}
    </button>
  )
}

function ThemeButton() {
  const { t } = useWords()
  const { theme, next } = useTheme()
  const label = t('theme.label', { theme: t(`theme.${theme}`) })
  return (
    <button type="button" className="quiet icon-only" title={label} aria-label={label} onClick={next}>
      <Icon name={theme === 'auto' ? 'auto' : theme === 'light' ? 'sun' : 'moon'} />
    </button>
  )
}

function Version() {
  const { t } = useWords()
  const { data } = useQuery({ queryKey: ['about'], queryFn: api.about, staleTime: Number.POSITIVE_INFINITY })
  if (!data) return null
  const version = data.git_sha ? `${data.version} (${data.git_sha.slice(0, 7)})` : data.version
  return <p>{t('app.version', { version })}</p>
}
