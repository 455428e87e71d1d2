INSERT INTO sessions (id, user, state, hold, options, created_at)
VALUES (:id, :user, 'reserved', :hold, :options, :created_at)
