/** The head of a table, a text a column; those of numbers stand at the right. */
export function TableHead({ columns }: { columns: readonly (string | { right: string })[] }) {
  return (
    <thead>
      <tr>
        {columns.map((column) =>
          typeof column === 'string' ? (
            <th key={column} scope="col">
              {column}
            </th>
          ) : (
            <th key={column.right} scope="col" className="right">
              {column.right}
            </th>
          ),
        )}
      </tr>
    </thead>
  )
}
