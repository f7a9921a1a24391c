package auth

import (
	"context"
	"net/mail"
	"slices"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/platform/audit"
	"purser/internal/platform/db"
)

// User is a person who signs in.
type User struct {
	ID          id.User   `db:"id" json:"id"`
	Email       string    `db:"email" json:"email"`
	Name        string    `db:"name" json:"name"`
	Role        Role      `db:"role" json:"role"`
	Active      bool      `db:"active" json:"active"`
	LastLoginAt time.Time `db:"last_login_at" json:"last_login_at,omitzero"`
	Version     int64     `db:"version" json:"version"`
	CreatedAt   time.Time `db:"created_at" json:"created_at"`

	Preferences db.JSON[Preferences] `db:"preferences" json:"-"`

	Locations []id.Location `json:"locations,omitempty"`
}

// Principal is the user as one who acts.
func (u User) Principal() Principal {
	return Principal{Kind: "user", ID: u.ID.String(), Name: u.Name, Role: u.Role, permissions: permissionsOf(u.Role, nil), Locations: u.Locations}
}

func permissionsOf(role Role, scopes []Permission) map[Permission]bool {
	set := map[Permission]bool{}
	for _, p := range rolePermissions[role] {
		if len(scopes) == 0 || slices.Contains(scopes, p) {
			set[p] = true
		}
	}
	return set
}

// Permissions lists what a role may do.
func Permissions(role Role) []Permission { return slices.Clone(rolePermissions[role]) }

// NewUser is what it takes to add a user.
type NewUser struct {
	Email     string
	Name      string
	Role      Role
	Password  string
	Locations []id.Location
}

func (n NewUser) check() error {
	f := fault.Fields{}
	if a, err := mail.ParseAddress(n.Email); err != nil || a.Address != n.Email {
		f.Add("email", "is not an e-mail address")
	}
	if text.Clean(n.Name) == "" {
		f.Add("name", "is missing")
	}
	if _, ok := rolePermissions[n.Role]; !ok {
		f.Add("role", "%q is none of owner, operations, warehouse, service, buyer, accountant, read_only", n.Role)
	}
	if n.Role == Owner && len(n.Locations) > 0 {
		f.Add("locations", "an owner is not limited to locations")
	}
	if err := f.Err("user.invalid", "The user's data is not complete."); err != nil {
		return err
	}
	return checkPassword(n.Password)
}

const userColumns = `id, email, name, role, active, last_login_at, version, created_at, preferences`

// AddUser creates a user.
func AddUser(ctx context.Context, tx *db.Tx, n NewUser) (User, error) {
	if err := n.check(); err != nil {
		return User{}, err
	}
	u := User{ID: id.New[id.User](tx.Now()), Email: n.Email, Name: text.Clean(n.Name), Role: n.Role, Active: true, Version: 1, CreatedAt: tx.Now(), Locations: n.Locations}
	added, err := tx.Exec(ctx, `
		INSERT INTO app_user (id, email, email_key, name, role, password_hash, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (email_key) DO NOTHING`,
		u.ID, u.Email, text.EmailKey(u.Email), u.Name, u.Role, hashPassword(n.Password), u.CreatedAt)
	if err != nil {
		return User{}, err
	}
	if added == 0 {
		return User{}, fault.New(fault.Conflict, "user.exists", "There is a user with the e-mail address %s already.", n.Email)
	}
	if err := setLocations(ctx, tx, u.ID, n.Locations); err != nil {
		return User{}, err
	}
	return u, audit.Record(ctx, tx, "add", "user", u.ID.String(), nil, u)
}

func setLocations(ctx context.Context, tx *db.Tx, u id.User, locations []id.Location) error {
	if _, err := tx.Exec(ctx, `DELETE FROM user_location WHERE user_id = ?`, u); err != nil {
		return err
	}
	type row struct {
		User     id.User     `db:"user_id"`
		Location id.Location `db:"location_id"`
	}
	rows := make([]row, len(locations))
	for i, l := range locations {
		rows[i] = row{u, l}
	}
	_, err := db.Insert(ctx, tx, "user_location", rows, "ON CONFLICT DO NOTHING")
	return err
}

// Users lists all users by name.
func Users(ctx context.Context, r db.Reader) ([]User, error) {
	users, err := db.Select[User](ctx, r, `SELECT `+userColumns+` FROM app_user ORDER BY name, id`)
	if err != nil {
		return nil, err
	}
	type row struct {
		User     id.User     `db:"user_id"`
		Location id.Location `db:"location_id"`
	}
	limits, err := db.Select[row](ctx, r, `SELECT user_id, location_id FROM user_location ORDER BY user_id, location_id`)
	if err != nil {
		return nil, err
	}
	for i := range users {
		for _, l := range limits {
			if l.User == users[i].ID {
				users[i].Locations = append(users[i].Locations, l.Location)
			}
		}
	}
	return users, nil
}

// GetUser reads one user.
func GetUser(ctx context.Context, r db.Reader, uid id.User) (User, error) {
	return findUser(ctx, r, "id = ?", uid)
}

// UserByEmail finds a user by e-mail address.
func UserByEmail(ctx context.Context, r db.Reader, email string) (User, error) {
	return findUser(ctx, r, "email_key = ?", text.EmailKey(email))
}

func findUser(ctx context.Context, r db.Reader, condition string, arg any) (User, error) {
	u, err := db.Get[User](ctx, r, `SELECT `+userColumns+` FROM app_user WHERE `+condition, arg)
	if db.None(err) {
		return User{}, fault.New(fault.NotFound, "user.not_found", "There is no such user.")
	}
	if err != nil {
		return User{}, err
	}
	u.Locations, err = db.Select[id.Location](ctx, r, `SELECT location_id FROM user_location WHERE user_id = ? ORDER BY location_id`, u.ID)
	return u, err
}

// ChangeUser sets role, locations and whether the user may sign in. The last
// active owner stays.
func ChangeUser(ctx context.Context, tx *db.Tx, uid id.User, role Role, active bool, locations []id.Location) (User, error) {
	before, err := GetUser(ctx, tx, uid)
	if err != nil {
		return User{}, err
	}
	if _, ok := rolePermissions[role]; !ok {
		return User{}, fault.New(fault.Invalid, "user.bad_role", "%q is none of owner, operations, warehouse, service, buyer, accountant, read_only.", role)
	}
	if _, err := tx.Exec(ctx, `UPDATE app_user SET role = ?, active = ?, version = version + 1 WHERE id = ?`, role, active, uid); err != nil {
		return User{}, err
	}
	owners, err := db.Get[int64](ctx, tx, `SELECT COUNT(*) FROM app_user WHERE role = 'owner' AND active`)
	if err != nil {
		return User{}, err
	}
	if owners == 0 {
		return User{}, fault.New(fault.Conflict, "user.last_owner", "Purser keeps at least one active owner: make another one first.")
	}
	if err := setLocations(ctx, tx, uid, locations); err != nil {
		return User{}, err
	}
	if !active {
		if _, err := tx.Exec(ctx, `DELETE FROM session WHERE user_id = ?`, uid); err != nil {
			return User{}, err
		}
	}
	after, err := GetUser(ctx, tx, uid)
	if err != nil {
		return User{}, err
	}
	return after, audit.Record(ctx, tx, "change", "user", uid.String(), before, after)
}

// SetPassword sets a user's password and ends all of the user's sessions.
func SetPassword(ctx context.Context, tx *db.Tx, uid id.User, password string) error {
	if err := checkPassword(password); err != nil {
		return err
	}
	n, err := tx.Exec(ctx, `UPDATE app_user SET password_hash = ?, failed_tries = 0, locked_until = NULL, version = version + 1 WHERE id = ?`, hashPassword(password), uid)
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.NotFound, "user.not_found", "There is no such user.")
	}
	if _, err := tx.Exec(ctx, `DELETE FROM session WHERE user_id = ?`, uid); err != nil {
		return err
	}
	return audit.Record(ctx, tx, "set_password", "user", uid.String(), nil, nil)
}

// CheckOwnPassword refuses unless password is the user's: whoever finds an open
// browser must not take the account over.
func CheckOwnPassword(ctx context.Context, r db.Reader, uid id.User, password string) error {
	hash, err := db.Get[string](ctx, r, `SELECT password_hash FROM app_user WHERE id = ?`, uid)
	if err != nil {
		return err
	}
	if !verifyPassword(hash, password) {
		return fault.Fields{"old": "is wrong"}.Err("profile.wrong_password", "The present password is wrong.")
	}
	return nil
}
