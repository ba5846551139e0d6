/** What a data manager should know of a dataset that was harvested all the same. */

export const warningCodes = [
  'CF_ROLE_REPEATED',
  'STANDARD_NAME_UNKNOWN',
  'PLATFORM_UNKNOWN',
  'TITLE_MISSING',
  'CKAN_RECORDS_SEVERAL',
] as const

export interface DatasetWarning {
  code: (typeof warningCodes)[number]
  message: string
}
