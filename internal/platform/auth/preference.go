package auth

import (
	"context"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/platform/db"
)

// Preferences are how a person wants the back office to look. What is empty is
// as the company has it.
type Preferences struct {
	TimeZone string `json:"time_zone,omitempty"` // IANA name
	Numbers  string `json:"numbers,omitempty"`   // one thousand and a half, as it is to be written
	Theme    Theme  `json:"theme,omitempty"`
}

// Theme is light or dark.
type Theme string

// The themes; the empty one follows the person's system.
const (
	ThemeSystem Theme = ""
	ThemeLight  Theme = "light"
	ThemeDark   Theme = "dark"
)

// SaveProfile sets a person's own name and preferences.
func SaveProfile(ctx context.Context, tx *db.Tx, uid id.User, name string, p Preferences) error {
	f := fault.Fields{}
	if text.Clean(name) == "" {
		f.Add("name", "is missing")
	}
	if _, err := time.LoadLocation(p.TimeZone); err != nil || p.TimeZone == "Local" {
		f.Add("time_zone", "%q is not an IANA time zone such as Europe/Paris", p.TimeZone)
	}
	if p.Theme != ThemeSystem && p.Theme != ThemeLight && p.Theme != ThemeDark {
		f.Add("theme", "is neither light nor dark")
	}
	if err := f.Err("profile.invalid", "The profile cannot be saved like this."); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE app_user SET name = ?, preferences = ?, version = version + 1 WHERE id = ?`, text.Clean(name), db.JSON[Preferences]{V: p}, uid)
	return err
}
