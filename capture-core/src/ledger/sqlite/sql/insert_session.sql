INSERT INTO sessions (id, user, purpose, state, hold, options, created_at)
VALUES (:id, :user, :purpose, 'reserved', :hold, :options, :created_at)
