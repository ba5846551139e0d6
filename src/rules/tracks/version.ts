/** Whether a server can group by a step (`variable/step`), which ERDDAP learnt in 2.00. */
export function canGroup(version: string | null): boolean {
  const major = /^(\d+)\.\d/.exec(version ?? '')?.[1]
  return major !== undefined && Number(major) >= 2
}
