// The demonstration. Stands here until the one on main arrives.

export function runDemo(): Promise<number> {
  return Promise.resolve(0);
}
