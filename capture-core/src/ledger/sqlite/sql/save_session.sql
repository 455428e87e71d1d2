UPDATE sessions
SET state = :state,
    hold = :hold,
    options = :options,
    created_at = :created_at,
    started_at = :started_at,
    expires_at = :expires_at,
    closed_at = :closed_at,
    close_reason = :close_reason,
    billed = :billed,
    breakdown = :breakdown
WHERE id = :id
