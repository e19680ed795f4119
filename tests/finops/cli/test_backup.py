"""`finops backup` and `finops restore`, as a shell sees them."""

import shutil
from pathlib import Path

import pytest

from tests.finops.cli.running import finops


@pytest.fixture
def config(tmp_path: Path, drained_folder: Path) -> Path:
    return shutil.copytree(drained_folder, tmp_path / "company") / "config.toml"


def test_a_backup_comes_back_where_it_was_and_elsewhere(tmp_path: Path, config: Path) -> None:
    file = tmp_path / "saved.tar.zst"
    made = finops("--config", config, "backup", file)
    before = finops("--config", config, "ledger", "dump", "--canonical").out
    elsewhere = finops("restore", file, "--to", tmp_path / "look")

    assert (made.code, made.err) == (0, "")
    assert made.out.startswith(f"{file}: a database of ")
    assert "2 raw profiles" in made.out
    assert (elsewhere.code, elsewhere.err) == (0, "")
    assert elsewhere.out.startswith(f"{tmp_path}/look/finops.db: the ledger as of 20")
    assert len(list((tmp_path / "look").glob("blobs/??/??/*.zst"))) == 2

    (config.parent / "finops.db").unlink()
    assert finops("--config", config, "restore", file).code == 0
    assert finops("--config", config, "ledger", "dump", "--canonical").out == before != ""


def test_a_ledger_that_is_there_is_not_replaced_without_a_word(tmp_path: Path, config: Path) -> None:
    file = tmp_path / "saved.tar.zst"
    finops("--config", config, "backup", file)

    assert finops("--config", config, "backup", file).code == 1
    ran = finops("--config", config, "restore", file)
    assert (ran.code, ran.out) == (1, "")
    assert "is there already: restore elsewhere, or replace it with --force" in ran.err
    assert finops("--config", config, "restore", file, "--force").code == 0


def test_a_file_that_is_no_backup_is_refused(tmp_path: Path, config: Path) -> None:
    ran = finops("restore", config, "--to", tmp_path / "look")

    assert (ran.code, ran.out) == (1, "")
    assert f"{config} is no backup, or is damaged" in ran.err
    assert not (tmp_path / "look").exists()


def test_a_raw_profile_that_is_gone_is_said(tmp_path: Path, config: Path) -> None:
    shutil.rmtree(config.parent / "blobs")
    ran = finops("--config", config, "backup", tmp_path / "saved")

    assert ran.code == 0
    assert ran.err.count("left out: the raw profile ") == 2
    assert "0 raw profiles" in ran.out


def test_a_server_backs_up_its_own_database(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[database]\nurl = "postgresql://me:secret@db/finops"\n')
    for words in (("backup", tmp_path / "saved"), ("restore", config)):
        ran = finops("--config", config, *words)
        assert ran.code == 1
        assert "pg_dump" in ran.err
        assert "secret" not in ran.err


def test_the_size_of_a_ledger_is_said_in_words_and_in_numbers(config: Path) -> None:
    shown = finops("--config", config, "db", "size")
    document = finops("--config", config, "db", "size", "--json").document

    assert {each["table"]: each["rows"] for each in document["tables"]}["raw_profiles"] == 8
    assert document["blobs"]["count"] == 2
    assert document["database_bytes"] == (config.parent / "finops.db").stat().st_size
    assert shown.code == 0
    assert shown.out.splitlines()[0].split() == ["table", "rows", "size"]
    assert shown.out.splitlines()[-1].startswith("raw profiles: 2 in ")
