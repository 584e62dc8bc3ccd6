"""Copy a study and add a second plan with the same dose: ``python second_plan.py demo/liver-keeps two-plans``."""  # noqa: INP001

import shutil
import sys
from pathlib import Path

import pydicom
from pydicom.uid import generate_uid

source, target = map(Path, sys.argv[1:])
shutil.copytree(source, target, dirs_exist_ok=True)
plan = pydicom.dcmread(target / "dicom" / "RTPLAN.dcm")
dose = pydicom.dcmread(target / "dicom" / "RTDOSE.dcm")
for item in (plan, dose):
    item.SOPInstanceUID = item.file_meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[item.SOPInstanceUID])
plan.RTPlanLabel = "REPLAN"
dose.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID = plan.SOPInstanceUID
plan.save_as(target / "dicom" / "RTPLAN2.dcm")
dose.save_as(target / "dicom" / "RTDOSE2.dcm")
