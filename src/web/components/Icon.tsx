/** Small drawings; they never carry a meaning that the text beside them does not. */
const paths = {
  success: <path d="M3.5 8.5l3 3 6-7" />,
  unchanged: <path d="M3 6h10M3 10h10" />,
  skipped: <path d="M3 8h10" />,
  error: <path d="M4 4l8 8M12 4l-8 8" />,
  running: <path d="M8 2.5a5.5 5.5 0 1 1-5.5 5.5" />,
  queued: (
    <>
      <circle cx="8" cy="8" r="5.5" />
      <path d="M8 5v3.2l2 1.3" />
    </>
  ),
  waves: (
    <path d="M1.5 6c2.2 0 2.2 1.7 4.3 1.7S8 6 10.2 6s2.1 1.7 4.3 1.7M1.5 10c2.2 0 2.2 1.7 4.3 1.7S8 10 10.2 10s2.1 1.7 4.3 1.7" />
  ),
  sun: (
    <>
      <circle cx="8" cy="8" r="3" />
      <path d="M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1" />
    </>
  ),
  moon: <path d="M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7z" />,
  auto: (
    <>
      <circle cx="8" cy="8" r="5.5" />
      <path d="M8 2.5v11A5.5 5.5 0 0 0 8 2.5z" fill="currentColor" />
    </>
  ),
  external: <path d="M6.5 3.5h-3v9h9v-3M9 2.5h4.500V7M13 3L7.500 8.5" />,
  play: <path d="M5 3.2v9.600L12.5 8z" fill="currentColor" />,
  plus: <path d="M8 3v10M3 8h10" />,
  minus: <path d="M3 8h10" />,
  frame: <path d="M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3" />,
  search: (
    <>
      <circle cx="7" cy="7" r="4" />
      <path d="M10 10l3.5 3.5" />
    </>
  ),
} as const

export type IconName = keyof typeof paths

export function Icon({ name }: { name: IconName }) {
  return (
    <svg
      className="icon"
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {paths[name]}
    </svg>
  )
}
