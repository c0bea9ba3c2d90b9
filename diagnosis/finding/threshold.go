package finding

import "time"

// Threshold is a number from which on something is wrong, or soon will be. Whoever judges the same goes by the same one: the checks, and
// the Prometheus rules in deploy/prometheus, which are made from this table.
type Threshold struct {
	Name   string // as the guide and the rules call it
	Number float64
	Unit   string // %, restarts, days or hours
	Why    string // why so many, for the guide
	Source string // after whom
}

// Share is the number of a threshold in %, as a part of one: 0.9 is 90 %.
func (t Threshold) Share() float64 { return t.Number / 100 }

// Thresholds are all that there are, in the order of the guide.
var Thresholds = []Threshold{
	RestartsInADay, DNSErrors, DiskFilling, DiskFull, VolumeFilling, VolumeFull, VolumeTimeLeft, CertificateDays, CertificateShare,
	NodeCertificateDays, BackupAge, RareBackupAge,
}

// What restarts and names may cost.
var (
	RestartsInADay = Threshold{"RestartsInADay", 10, "restarts",
		"More than one in two hours and a half, of all of a workload's pods together, is no accident, though no pod is seen in a crash loop.",
		"6,812 restarts in two days of the founding incident, which nobody saw"}
	DNSErrors = Threshold{"DNSErrors", 3, "%",
		"A resolver that fails for one question in thirty fails for somebody all the time.", "CoreDNSErrorsHigh of the coredns-mixin"}
)

// How full something may be.
var (
	DiskFilling = Threshold{"DiskFilling", 85, "%",
		"A node's disk is spoken of before the kubelet evicts pods for it.", "the kubelet's imagefs.available<15% (pkg/kubelet/eviction)"}
	DiskFull = Threshold{"DiskFull", 95, "%",
		"A node's disk that is as full has been evicted for in vain.", "the kubelet's nodefs.available<10% and inodesFree<5%"}
	VolumeFilling = Threshold{"VolumeFilling", 90, "%",
		"A volume is spoken of while there is time to make it larger.", "between the kubernetes-mixin's 85 % and 97 %"}
	VolumeFull = Threshold{"VolumeFull", 99, "%",
		"The last hundredth is less than many programs write at once.", "ext4 keeps more than that for root"}
	VolumeTimeLeft = Threshold{"VolumeTimeLeft", 4, "days",
		"A volume that is full before a long weekend is over is spoken of before it.", "KubePersistentVolumeFillingUp of the kubernetes-mixin"}
)

// How near the end of a certificate may be.
var (
	CertificateDays  = Threshold{"CertificateDays", daysOf(NearExpiry), "days", NearExpiry.Why, "NearExpiry"}
	CertificateShare = Threshold{"CertificateShare", 20, "%",
		"The last part of a certificate's life in which it is spoken of: one that lives shortly is renewed shortly before its end.",
		"cert-manager renews at a third of the life"}
	NodeCertificateDays = Threshold{"NodeCertificateDays", daysOf(RenewBefore), "days", RenewBefore.Why, "RenewBefore"}
)

// How old the newest backup may be.
var (
	BackupAge = Threshold{"BackupAge", 26, "hours",
		"A backup that is taken every day, and two hours for it to take.", "a day is the longest that the usual schedules lie apart"}
	RareBackupAge = Threshold{"RareBackupAge", 8, "days",
		"A backup that is taken less often than every day: a week, and a day for it to be taken again.", "weekly schedules"}
)

func daysOf(m Memory) float64 { return float64(m.For) / float64(24*time.Hour) }
