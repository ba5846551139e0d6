import { useId } from 'react'

/** A list to choose one of, with its label above it or, inline, beside it. */
export function Select<Value extends string>({
  label,
  value,
  options,
  onChange,
  inline = false,
}: {
  label: string
  value: Value
  options: ReadonlyArray<readonly [value: Value, text: string]>
  onChange: (value: Value) => void
  inline?: boolean
}) {
  const id = useId()
  return (
    <div className={inline ? 'choice inline' : 'choice'}>
      <label htmlFor={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onChange(event.target.value as Value)}>
        {options.map(([code, text]) => (
          <option key={code} value={code}>
            {text}
          </option>
        ))}
      </select>
    </div>
  )
}
