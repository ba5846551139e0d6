/** Light, dark, or as the system has it. */
import { useState } from 'react'
import { recall, remember } from './language.ts'

const themes = ['auto', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]
const remembered = 'harvester.theme'

function stored(): Theme {
  const value = recall(remembered)
  return themes.find((theme) => theme === value) ?? 'auto'
}

function show(theme: Theme): void {
  if (theme === 'auto') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
}

export function startTheme(): void {
  show(stored())
}

export function useTheme(): { theme: Theme; next: () => void } {
  const [theme, setTheme] = useState<Theme>(stored)
  const next = () => {
    const following = themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'auto'
    remember(remembered, following)
    show(following)
    setTheme(following)
  }
  return { theme, next }
}
