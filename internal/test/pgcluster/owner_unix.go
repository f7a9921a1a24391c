//go:build unix

package pgcluster

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// detach gives a command a process group of its own, so that Ctrl-C reaches the tests and not the server, and,
// since PostgreSQL refuses to run as root, another user when this process is root.
func detach(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() != 0 {
		return nil
	}
	uid, gid, err := servant()
	if err != nil {
		return err
	}
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uid, Gid: gid}
	return nil
}

// giveAway makes a folder the property of the user that the server runs as.
func giveAway(dir string) error {
	if os.Getuid() != 0 {
		return nil
	}
	uid, gid, err := servant()
	if err != nil {
		return err
	}
	return os.Chown(dir, int(uid), int(gid))
}

// servant is the user that runs the server in place of root.
func servant() (uid, gid uint32, err error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		id, errID := strconv.ParseUint(u.Uid, 10, 32)
		group, errGroup := strconv.ParseUint(u.Gid, 10, 32)
		if errID == nil && errGroup == nil {
			return uint32(id), uint32(group), nil
		}
	}
	return 0, 0, fmt.Errorf("PostgreSQL does not run as root, and there is no user postgres or nobody to run it")
}
