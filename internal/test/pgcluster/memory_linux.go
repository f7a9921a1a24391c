package pgcluster

import "syscall"

// room is what the largest database of the tests, its copies and its log may need.
const room = 6 << 30

// roomy tells whether a folder's file system has room for a cluster. A container's memory file system often has
// 64 MB.
func roomy(dir string) bool {
	var fs syscall.Statfs_t
	return syscall.Statfs(dir, &fs) == nil && fs.Bavail*uint64(fs.Bsize) >= room
}
