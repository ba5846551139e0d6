/** The line of the toy kind in `rules/source-types.ts`. */
export const toyFacts = {
  label: 'Toy',
  rows: 'profiles',
  rowsCalled: 'buoys',
  hosts: [],
  page: (address: string, id: string) => `${address}/buoy/${id}`,
}
