// Who may read and write a replay record: only its owner.

export const DIRECTORY_MODE = 0o700;
export const FILE_MODE = 0o600;
