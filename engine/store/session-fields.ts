/** Columns of a session that are final when it is sealed. What else it has is counted or kept for the running engine. */
export const SESSION_FIELDS = [
  'session_id',
  'status',
  'graph_name',
  'origin',
  'dir',
  'rmode',
  'host',
  'created_at',
  'started_at',
  'finished_at',
  'load_ms',
  'deploy_ms',
  'execute_ms',
  'record_ms',
  'drops',
  'signatures',
] as const;
