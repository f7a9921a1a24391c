package auth

import (
	"context"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/platform/audit"
	"purser/internal/platform/db"
)

const (
	maxTries      = 5
	lockout       = 15 * time.Minute
	sessionIdle   = 12 * time.Hour
	seenEvery     = 5 * time.Minute // the use of a session is noted no more often
	sessionLength = 14 * 24 * time.Hour
	linkLength    = 24 * time.Hour
)

var errSignIn = fault.New(fault.Unauthenticated, "auth.wrong_password", "The e-mail address or the password is wrong.")

// SignIn checks a password and begins a session; the token is shown once. After
// five wrong passwords the account is locked for 15 minutes.
func SignIn(ctx context.Context, d *db.DB, email, password, agent string) (token string, u User, err error) {
	type secret struct {
		ID          id.User   `db:"id"`
		Hash        string    `db:"password_hash"`
		Active      bool      `db:"active"`
		LockedUntil time.Time `db:"locked_until"`
	}
	s, err := db.Get[secret](ctx, d, `SELECT id, password_hash, active, locked_until FROM app_user WHERE email_key = ?`, text.EmailKey(email))
	if err != nil && !db.None(err) {
		return "", User{}, err
	}
	if s.LockedUntil.After(d.Now()) {
		return "", User{}, fault.New(fault.TooMany, "auth.locked", "Too many wrong passwords: this account is locked until %s.", s.LockedUntil.Format("15:04 MST"))
	}
	right := verifyPassword(s.Hash, password) && s.Active
	err = d.Write(ctx, func(tx *db.Tx) error {
		if !right {
			return failedTry(ctx, tx, s.ID)
		}
		token = newToken("pss")
		if _, err := tx.Exec(ctx, `UPDATE app_user SET failed_tries = 0, locked_until = NULL, last_login_at = ? WHERE id = ?`, tx.Now(), s.ID); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `
			INSERT INTO session (id, token_hash, user_id, created_at, last_seen_at, expires_at, agent) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			id.New[id.Session](tx.Now()), hashToken(token), s.ID, tx.Now(), tx.Now(), tx.Now().Add(sessionLength), agent)
		if err != nil {
			return err
		}
		u, err = GetUser(ctx, tx, s.ID)
		return err
	})
	if err == nil && !right {
		err = errSignIn
	}
	return token, u, err
}

func failedTry(ctx context.Context, tx *db.Tx, uid id.User) error {
	_, err := tx.Exec(ctx, `
		UPDATE app_user SET
			locked_until = CASE WHEN failed_tries + 1 >= ? THEN ? ELSE locked_until END,
			failed_tries = CASE WHEN failed_tries + 1 >= ? THEN 0 ELSE failed_tries + 1 END
		WHERE id = ?`, maxTries, tx.Now().Add(lockout), maxTries, uid)
	return err
}

// SessionUser finds the user of a session token. A session that is used goes on.
func SessionUser(ctx context.Context, d *db.DB, token string) (User, error) {
	s, err := db.Get[Session](ctx, d, `
		SELECT `+sessionColumns+` FROM session s JOIN app_user u ON u.id = s.user_id
		WHERE s.token_hash = ? AND s.expires_at > ? AND s.last_seen_at > ? AND u.active`,
		hashToken(token), d.Now(), d.Now().Add(-sessionIdle))
	if db.None(err) {
		return User{}, fault.New(fault.Unauthenticated, "auth.session_over", "Your session is over: sign in again.")
	}
	if err != nil {
		return User{}, err
	}
	if d.Now().Sub(s.LastSeenAt) > seenEvery {
		err := d.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE session SET last_seen_at = ? WHERE id = ?`, tx.Now(), s.ID)
			return err
		})
		if err != nil {
			return User{}, err
		}
	}
	return GetUser(ctx, d, s.User)
}

// Session is a sign-in that has not ended.
type Session struct {
	ID         id.Session `db:"id"`
	User       id.User    `db:"user_id"`
	CreatedAt  time.Time  `db:"created_at"`
	LastSeenAt time.Time  `db:"last_seen_at"`
	Agent      string     `db:"agent"`
}

const sessionColumns = `s.id, s.user_id, s.created_at, s.last_seen_at, s.agent`

// Sessions lists the sessions of a user that have not ended, the last used first.
func Sessions(ctx context.Context, d *db.DB, uid id.User) ([]Session, error) {
	return db.Select[Session](ctx, d, `
		SELECT `+sessionColumns+` FROM session s WHERE s.user_id = ? AND s.expires_at > ? AND s.last_seen_at > ?
		ORDER BY s.last_seen_at DESC, s.id`, uid, d.Now(), d.Now().Add(-sessionIdle))
}

// SignOutElsewhere ends all sessions of a user but the one with a token, and
// returns how many.
func SignOutElsewhere(ctx context.Context, tx *db.Tx, uid id.User, token string) (int64, error) {
	n, err := tx.Exec(ctx, `DELETE FROM session WHERE user_id = ? AND token_hash <> ?`, uid, hashToken(token))
	if err != nil || n == 0 {
		return n, err
	}
	return n, audit.Record(ctx, tx, "sign_out_elsewhere", "user", uid.String(), nil, nil)
}

// SignOut ends a session.
func SignOut(ctx context.Context, tx *db.Tx, token string) error {
	_, err := tx.Exec(ctx, `DELETE FROM session WHERE token_hash = ?`, hashToken(token))
	return err
}

// NewSetupLink makes the one-time token with which the first owner sets an
// empty company up. Earlier unused tokens stop working.
func NewSetupLink(ctx context.Context, tx *db.Tx) (token string, err error) {
	if _, err := tx.Exec(ctx, `DELETE FROM setup_link WHERE used_at IS NULL`); err != nil {
		return "", err
	}
	token = newToken("pst")
	_, err = tx.Exec(ctx, `INSERT INTO setup_link (token_hash, expires_at) VALUES (?, ?)`, hashToken(token), tx.Now().Add(linkLength))
	return token, err
}

// UseSetupLink spends a set-up token.
func UseSetupLink(ctx context.Context, tx *db.Tx, token string) error {
	n, err := tx.Exec(ctx, `UPDATE setup_link SET used_at = ? WHERE token_hash = ? AND used_at IS NULL AND expires_at > ?`, tx.Now(), hashToken(token), tx.Now())
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.Unauthenticated, "auth.bad_setup_link", "The set-up link was used or is too old. Start `purser serve` again for a new one.")
	}
	return audit.Record(ctx, tx, "use", "setup_link", "", nil, nil)
}

// HasUsers tells whether anybody could sign in.
func HasUsers(ctx context.Context, r db.Reader) (bool, error) {
	n, err := db.Get[int64](ctx, r, `SELECT COUNT(*) FROM app_user`)
	return n > 0, err
}
