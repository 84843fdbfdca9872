/** Which picture belongs to which text, by how alike they are. */

/**
 * The assignment of rows to columns, each column taken once at most, of the greatest sum: the Hungarian method with
 * potentials, in time rows² x columns. With more rows than columns some rows have none.
 *
 * @param likeness  [rows, columns], every row of one length
 * @returns  the column of each row, -1 for none
 * @source H. W. Kuhn, The Hungarian method for the assignment problem, 1955, as successive shortest paths
 */
export function assign(likeness: readonly (readonly number[])[]): number[] {
  const rows = likeness.length;
  const columns = likeness[0]?.length ?? 0;
  if (rows > columns) {
    const turned = assign(Array.from({ length: columns }, (_, column) => likeness.map((row) => row[column]!)));
    return likeness.map((_, row) => turned.indexOf(row));
  }
  const rowPotential = new Float64Array(rows + 1);
  const columnPotential = new Float64Array(columns + 1);
  // Column 0 stands for the row that is looking for one; rows count from 1 here.
  const rowOf = new Int32Array(columns + 1);
  const before = new Int32Array(columns + 1);
  for (let row = 1; row <= rows; row++) {
    rowOf[0] = row;
    let column = 0;
    const least = new Float64Array(columns + 1).fill(Number.POSITIVE_INFINITY);
    const used = new Uint8Array(columns + 1);
    do {
      used[column] = 1;
      const from = rowOf[column]!;
      let [delta, next] = [Number.POSITIVE_INFINITY, 0];
      for (let j = 1; j <= columns; j++) {
        if (used[j]) continue;
        const cost = -likeness[from - 1]![j - 1]! - rowPotential[from]! - columnPotential[j]!;
        if (cost < least[j]!) {
          least[j] = cost;
          before[j] = column;
        }
        if (least[j]! < delta) [delta, next] = [least[j]!, j];
      }
      for (let j = 0; j <= columns; j++) {
        if (used[j]) {
          rowPotential[rowOf[j]!]! += delta;
          columnPotential[j]! -= delta;
        } else least[j]! -= delta;
      }
      column = next;
    } while (rowOf[column] !== 0);
    for (; column !== 0; column = before[column]!) rowOf[column] = rowOf[before[column]!]!;
  }
  const found = new Array<number>(rows).fill(-1);
  for (let j = 1; j <= columns; j++) if (rowOf[j]! > 0) found[rowOf[j]! - 1] = j - 1;
  return found;
}
