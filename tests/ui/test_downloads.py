"""What is taken away: an archive of files that is the same whenever its files are."""

import io
import zipfile

from scheduler.ui.components.downloads import archive, file_name


def test_an_archive_holds_its_files_and_nothing_of_the_moment() -> None:
    files = {"team-blue.ics": b"BEGIN:VCALENDAR\r\n", "team-blue.eml": b"From: desk\r\n"}
    made = archive(files)
    assert made == archive(dict(reversed(files.items())))
    with zipfile.ZipFile(io.BytesIO(made)) as folder:
        assert {name: folder.read(name) for name in folder.namelist()} == files
        assert folder.namelist() == sorted(files)


def test_names_of_files_are_harmless() -> None:
    assert file_name("../../etc/passwd") == "etc-passwd"
    assert file_name("...") == "calendar"
